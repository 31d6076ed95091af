package fill

import "strings"

func words(s string) []string { return strings.Fields(s) }

// ways are the sentences of a comment, by what they are for. A name in braces is filled in by (*Generator).word.
var ways = struct{ title, brief, greet, open, argue, end, address []string }{
	title: []string{
		"关于{title}的建议", "对第{clause}条的意见", "建议完善{title}的内容", "{place}居民对{title}的几点想法", "希望重视{term}问题",
		"请把{term}写得更具体", "支持{title}，补充一点建议", "关于{place}{term}的情况反映", "{title}应当有可操作的办法",
		"第{clause}条建议增加{noun}", "对{term}和{term}的看法", "盼望{place}早日落实{title}",
	},
	brief: []string{
		"支持{title}，希望{soon}落实。", "建议第{clause}条增加{noun}。", "同意，{phrase}很有必要。", "希望{unit}{measure}。", "{term}太少了，建议{measure}。",
		"{place}{home}小区{lack}。",
	},
	greet: []string{
		"我住在{place}{home}小区，家里有{age}岁的{kin}。", "我是{place}的一名{who}。", "我今年{age}岁，在{place}生活了{number}年。",
		"认真读了征求意见稿，{feel}。", "作为{place}{home}社区的居民，我想说几句心里话。", "我在{place}从事{work}工作{number}年，结合日常所见提一点看法。",
		"我和老伴都在{place}居住，子女在外地工作。", "受{home}社区几位邻居委托，把大家的想法写在这里。",
	},
	open: []string{
		"征求意见稿第{clause}条提出{phrase}，{feel}。", "对“{title}”这一条，{feel}。", "第{clause}条写得很好，但是{phrase}还需要再明确一些。",
		"“{title}”关系到千家万户，{feel}。", "关于第{clause}条，我主要想谈{term}。",
	},
	argue: []string{
		"建议把“{phrase}”进一步细化，{measure}。", "希望{unit}牵头，{measure}，{aim}。", "目前{place}{lack}，{phrase}确实很有必要。",
		"{phrase}不能只停留在文件上，要{measure}，{aim}。", "关于{term}，{place}的情况是{lack}，建议{measure}。",
		"除了{term}，{noun}也应当考虑进去，{aim}。", "“{phrase}”的表述比较原则，建议{measure}，这样基层才好操作。",
		"我们{home}小区有{number}户老人，{lack}，希望{unit}{soon}研究。", "有的地方已经做到了{phrase}，{place}也可以学习，{aim}。",
		"如果能够{phrase}，再配上{noun}，效果会更好。", "{unit}和{unit}的分工要写清楚，避免{fault}。",
		"听说{place}去年试点过{term}，后来{fault}，很可惜，建议总结原因后{measure}。", "经费从哪里来也要说明，建议{measure}，{aim}。",
		"在落实{phrase}的过程中，建议听一听{who}的意见，{aim}。", "{kin}去{place}办事，{lack}，跑了{number}趟才办成，希望{measure}。",
		"{term}的标准不统一，群众不知道找谁，请{unit}{measure}。", "建议在本条中增加{noun}，明确{number}个月内见到成效。",
		"对于{home}这样的老旧小区，{phrase}尤其要紧，不要因为{fault}就放到最后。",
	},
	end: []string{
		"以上意见供参考，希望认真研究采纳。", "谢谢你们听取群众的意见。", "盼望{soon}得到答复。", "希望好政策{soon}落到实处，{aim}。", "不当之处请批评指正。",
		"祝愿{place}的老年人晚年幸福。",
	},
	address: []string{
		"我家住在{place}{home}路{number}号{home}小区{number}号楼，欢迎实地来看看。", "地址是{place}{home}街{number}号{number}单元，楼道至今没有扶手。",
	},
}

// lists are the words that belong to no clause.
var lists = map[string][]string{
	"noun": words(`监督考核的办法 资金使用的公开要求 年度目标和时间表 服务人员的培训要求 收费的上限 老年人代表参与评议的程序 投诉处理的时限
		对农村地区的倾斜 应急处置的预案 失能老人的优先安排 第三方评估 对家庭照护者的支持 无障碍设施的验收标准 信息公开的渠道 简化办理的流程
		对低收入家庭的补贴 夜间值守的安排 服务清单 责任追究的规定 与医保的衔接`),
	"measure": words(`出台具体的实施细则 明确责任单位和完成时限 每季度公布进展情况 安排专项资金并接受监督 先选几个社区试点再推开 让社区工作人员上门办理
		减少需要提交的材料 把标准和流程贴在社区公告栏 开通一个老年人打得通的电话 组织专业人员入户评估 给护理员提高待遇并缴纳保险 保留线下窗口和纸质材料
		把服务时间延长到晚上七点 建立回访制度 引入有资质的企业参与 统一收费并明码标价 加强日常检查 每年听取一次老年人代表的意见
		在乡镇设立服务点 把闲置的房屋利用起来 制定分级分类的补贴办法 与医院建立绿色通道 培训社区志愿者 定期检修设备`),
	"aim": words(`让老人少跑腿 让子女在外也放心 真正方便群众 避免走过场 让好事办好 使农村老人同样受益 防止资金被挪用 让护理员愿意留下来
		让企业有信心投入 使服务长期办得下去 减轻家庭负担 让老年人用得上也用得起 经得起群众检验`),
	"lack": words(`没有助餐点 电梯还没有装上 公共厕所太远 台阶多又没有扶手 养老院床位要排队 护理员经常换人 挂号要用手机而老人不会 公交车上下不方便
		日间照料室下午四点就关门 社区医院没有康复科 健身器材坏了没有人修 路灯不亮 冬天暖气不热 买菜要走两站路 收费不透明 没有人上门量血压
		活动室被占用 辅具租不到 老年大学报不上名 网上办事的字太小`),
	"feel": words(`感到很受鼓舞 认为方向正确 觉得说到了老百姓心里 认为还可以更具体 总体上赞成 有几点不同看法 希望能够写得更细 心里很高兴`),
	"who":  words(`退休教师 社区网格员 养老院护理员 企业职工 个体经营者 乡村医生 退休工人 志愿者 大学生 社会工作者 物业管理人员 老年大学学员 律师 药店店主`),
	"work": words(`社区服务 养老护理 物业管理 医疗 教育 餐饮 家政 公共交通 金融 老年用品销售 康复 法律援助`),
	"kin":  words(`父亲 母亲 奶奶 爷爷 姥姥 姥爷 岳父 岳母 老伴 邻居大爷 婆婆 公公`),
	"soon": words(`尽快 早日 年内 逐步 抓紧 在明年底以前`),
	"fault": words(`互相推诿 没有人管 资金没有到位 验收以后就停办 只有牌子没有服务 重复建设 一刀切 通知不到本人 设备闲置 人手不足
		标准太高没有人够得上 手续太繁`),
}

var places = words(`沈阳市和平区 大连市中山区 沈阳市铁西区 鞍山市铁东区 抚顺市新抚区 锦州市古塔区 沈阳市皇姑区 大连市沙河口区 营口市站前区 丹东市振兴区
	本溪市平山区 阜新市海州区 辽阳市白塔区 盘锦市兴隆台区 铁岭市银州区 朝阳市双塔区 葫芦岛市龙港区 沈阳市大东区 沈阳市于洪区 沈阳市沈河区 沈阳市浑南区
	沈阳市苏家屯区 沈阳市沈北新区 沈阳市辽中区 新民市 康平县 法库县 大连市甘井子区 大连市西岗区 大连市旅顺口区 大连市金州区 大连市普兰店区 瓦房店市
	庄河市 长海县 鞍山市立山区 海城市 台安县 岫岩县 抚顺市顺城区 抚顺市望花区 清原县 新宾县 本溪市明山区 本溪市溪湖区 桓仁县 丹东市元宝区 东港市 凤城市
	宽甸县 锦州市凌河区 凌海市 北镇市 义县 黑山县 营口市鲅鱼圈区 盖州市 大石桥市 阜新市细河区 彰武县 辽阳市文圣区 灯塔市 辽阳县 盘锦市双台子区 盘山县
	大洼区 铁岭市清河区 调兵山市 开原市 昌图县 西丰县 朝阳市龙城区 北票市 凌源市 建平县 喀左县 兴城市 绥中县 建昌县 南票区`)

// Communities are made of two characters, and so are 900 words of which no two texts need have one in common.
var (
	homeFirst  = words(`和 安 康 福 宁 泰 祥 瑞 兴 盛 华 锦 翠 碧 明 晨 春 秋 松 柏 桃 梅 兰 菊 鹤 雁 鸿 麟 犇 骉`)
	homeSecond = words(`园 苑 里 庭 湾 岭 坡 桥 泉 溪 河 湖 港 岸 洲 岛 林 台 阁 轩 坊 巷 寨 屯 堡 营 窝 峪 垚 淼`)
	homes      = len(homeFirst) * len(homeSecond)
)

var (
	surnames = words(`王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 傅 沈 曾 彭 吕 苏 卢 蒋 蔡 贾
		丁 魏 薛 叶 阎 余 潘 杜 戴 夏 钟 汪 田 任 姜 范 方 石 姚 谭 廖 邹 熊 金 陆 郝 孔 白 崔 康 毛 邱 秦 江 史 顾 侯 邵 孟 龙 万 段 雷 钱 汤 尹 黎`)
	givenNames = words(`建 国 玉 兰 秀 英 志 强 桂 芳 淑 华 文 军 丽 娟 海 燕 明 辉 凤 霞 永 贵 春 梅 福 生 晓 红 光 荣 宝 成 庆 祥 雅 琴 德 才 立 新 俊 杰
		静 敏 佳 怡 子 涵 宇 轩 思 远 浩 然 欣 悦 振 东 长 林 树 森 素 珍 亚 男 忠 良 洪 波 艳 洁 卫 平 士 元 金 锁 大 勇 小 虎 云 鹏 彩 霞 爱 民 连 喜 月 娥`)
	compoundNames = words(`欧阳 司马 上官 诸葛 慕容 皇甫 令狐 司徒 宇文 尉迟`)
	distantNames  = words(`买买提·艾力 阿依古丽·玉山 巴特尔·额尔德木图 扎西·顿珠 古丽娜尔·吐尔逊 那仁·满都拉`)
	rareNames     = words(`𠮷 䶮 喆 垚 犇 翀 燚 璟`)
	orgs          = words(`社区居民委员会 养老服务中心 物业服务有限公司 老年人协会 卫生服务站 老年大学`)
)

// occupations are the weights of validate.Occupations, in its order: pensioners write most.
var occupations = newWeights(6, 10, 9, 8, 7, 6, 5, 6, 4, 1, 1, 0.5, 5, 4, 2, 22, 4)
